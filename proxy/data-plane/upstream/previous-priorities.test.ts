import { describe, expect, it } from 'vitest';
import { PreviousPriorities } from './previous-priorities.ts';

/* Envoy: source/extensions/retry/priority/previous_priorities, update frequency 2 as istiod sets it. */

describe('previous priorities', () => {
  it('the first retry keeps the ordinary loads, the second leaves the priorities tried so far', () => {
    const priorities = new PreviousPriorities();
    expect(priorities.loadsFor([100, 100, 100])).toBeNull();
    priorities.add(0);
    expect(priorities.loadsFor([100, 100, 100])).toBeNull();
    priorities.add(0);
    expect(priorities.loadsFor([100, 100, 100])).toEqual([0, 100, 0]);
  });

  it('looks again at every second attempt only', () => {
    const priorities = new PreviousPriorities();
    priorities.add(0);
    priorities.add(0);
    priorities.loadsFor([100, 100, 100]);
    priorities.add(1);
    expect(priorities.loadsFor([100, 100, 100])).toEqual([0, 100, 0]);
    priorities.add(1);
    expect(priorities.loadsFor([100, 100, 100])).toEqual([0, 0, 100]);
  });

  it('all tried: all are open again, and counting starts over', () => {
    const priorities = new PreviousPriorities();
    priorities.add(0);
    priorities.add(1);
    expect(priorities.loadsFor([100, 100])).toEqual([100, 0]);
    priorities.add(0);
    expect(priorities.loadsFor([100, 100])).toBeNull();
  });

  it('a priority that cannot take all of it spills over; nothing that can take anything is no opinion', () => {
    const priorities = new PreviousPriorities();
    priorities.add(0);
    priorities.add(0);
    expect(priorities.loadsFor([100, 70, 70])).toEqual([0, 70, 30]);
    expect(priorities.loadsFor([100, 35, 35])).toEqual([0, 50, 50]);
    expect(new PreviousPriorities().loadsFor([0, 0])).toBeNull();
  });
});
