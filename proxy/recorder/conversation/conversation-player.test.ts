import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../testing/manual-clock.ts';
import type { Conversation, Turn } from './conversation.ts';
import { ConversationPlayer, type PlayerOptions } from './conversation-player.ts';

/** `<a` the other side says a, `>b` the answer, `<.` and `>.` the ends; one a second. */
function conversation(id: string, ...steps: string[]): Conversation {
  const turns = steps.map((step, i): Turn => {
    const text = step.slice(1);
    return {
      dir: step[0] === '<' ? 'up' : 'down',
      ...(text === '.' ? { kind: 'end', data: Buffer.alloc(0) } : { kind: 'text', data: Buffer.from(text) }),
      ...{ offsetMs: i * 1000, isCut: false },
    };
  });
  return { id, turns };
}

function play(conversations: Conversation[], options: Partial<PlayerOptions> = {}) {
  const said: string[] = [];
  const clock = new ManualClock();
  const say = ({ kind, data }: Turn) => said.push(kind === 'end' ? '.' : data.toString());
  const player = new ConversationPlayer(conversations, { clock, mode: 'lock-step', pace: 0, noun: 'frame', say, ...options });
  player.start();
  return { player, clock, said: () => said.splice(0) };
}

describe('a recorded conversation', () => {
  test('says what followed a message after that message, and ends when it had ended', () => {
    const { player, said } = play([conversation('a', '>hello', '<1', '>one', '>more', '<2', '>two', '<.', '>.')]);
    expect(said()).toEqual(['hello']);
    player.heard('1');
    expect(said()).toEqual(['one', 'more']);
    player.heard('2');
    expect([said(), player.isOver]).toEqual([['two'], false]);
    player.ended();
    expect([said(), player.isOver, player.tier, player.differs]).toEqual([['.'], true, 'exact', []]);
  });

  test('goes on when something else is said, and tells what', () => {
    const { player, said } = play([conversation('a', '<{"n":1,"at":1767225600}', '>one', '<2', '>two', '<.', '>.')]);
    player.heard('{"at":1767229999,"n":1}');
    expect([said(), player.tier, player.differs]).toEqual([['one'], 'masked', []]);
    player.heard('5');
    player.heard('6');
    player.heard('7');
    expect([said(), player.tier]).toEqual([['two'], 'template']);
    expect(player.differs).toEqual(['frame 2 5, recorded 2', 'frame 3 was not recorded: 2 were']);
  });

  test('is followed to the one in which the same was said, while nothing speaks against it', () => {
    const both = [
      conversation('rope', '>hi', '<rope', '>7', '<rope', '>6'),
      conversation('nail', '>hi', '<nail', '>90', '<rope', '>5'),
      conversation('other', '>ho', '<axe', '>1'),
    ];
    const { player, said } = play(both);
    player.heard('nail');
    player.heard('rope');
    expect([said(), player.id, player.tier]).toEqual([['hi', '90', '5'], 'nail', 'exact']);
    const axe = play(both);
    axe.player.heard('axe');
    expect([axe.said(), axe.player.id, axe.player.differs]).toEqual([['hi', '7'], 'rope', ['frame 1 axe, recorded rope']]);
  });

  test('ends early where the other side does', () => {
    const { player, said } = play([conversation('a', '<1', '>one', '<2', '>two', '<.', '>.')]);
    player.heard('1');
    player.ended();
    expect([said(), player.differs]).toEqual([['one', 'two', '.'], ['ended after 1 of 2 recorded frames']]);
  });

  test('keeps its pauses when asked to, after what they followed or at their time', () => {
    const steps = conversation('a', '<1', '>one', '>two', '<2', '>three');
    const paced = play([steps], { pace: 0.5 });
    paced.clock.advance(10_000);
    paced.player.heard('1');
    expect(paced.said()).toEqual([]);
    paced.clock.advance(500);
    expect(paced.said()).toEqual(['one']);
    paced.clock.advance(500);
    expect(paced.said()).toEqual(['two']);
    const timed = play([steps], { mode: 'timed' });
    timed.clock.advance(2000);
    expect(timed.said()).toEqual(['one', 'two']);
    timed.clock.advance(2000);
    expect(timed.said()).toEqual(['three']);
    timed.player.stop();
  });

  test('remembers no more of a talkative caller than was recorded', () => {
    const { player } = play([conversation('a', '<1', '>one')]);
    for (let i = 0; i < 100_000; i++) player.heard('1');
    expect(player.differs).toHaveLength(1);
  });
});
