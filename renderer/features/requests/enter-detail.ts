import { type RefObject, useCallback, useEffect, useRef } from 'react';

/** Whether the details are still to be entered; they may come later than the key. */
export type Entering = RefObject<boolean>;

/** What Enter on a row does: the focus goes to the tabs of the details, at once or when they have come. */
export function useEnterDetail(): { entering: Entering; enter: () => void } {
  const entering = useRef(false);
  const enter = useCallback(() => {
    entering.current = !focusTabs();
  }, []);
  return { entering, enter };
}

/** In the details. `ready`: their tabs are on the page. */
export function useEntered(entering: Entering, ready: boolean): void {
  useEffect(() => {
    if (!ready || !entering.current) return;
    entering.current = false;
    // Whoever has gone on meanwhile keeps the focus.
    if (document.activeElement?.closest('.requests-list')) focusTabs();
  }, [entering, ready]);
  useEffect(
    () => () => {
      entering.current = false;
    },
    [entering],
  );
}

function focusTabs(): boolean {
  const tab = document.querySelector<HTMLElement>('.request-detail [role="tab"][aria-selected="true"]');
  tab?.focus();
  return tab !== null;
}
