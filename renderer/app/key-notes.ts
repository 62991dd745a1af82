/** Keys that belong to a part of a screen rather than to a command: they work while it has the focus. */
export interface KeyNotes {
  title: string;
  /** Screens it is on; undefined is all. */
  screens?: readonly string[];
  keys: readonly (readonly [keys: string, what: string])[];
}

export const keyNotes: readonly KeyNotes[] = [
  {
    title: 'In lists',
    keys: [
      ['ArrowDown', 'Next row (also j)'],
      ['ArrowUp', 'Previous row (also k)'],
      ['PageDown PageUp', 'A page further, a page back'],
      ['Home End', 'First row, last row'],
      ['Enter', 'Open'],
      ['Escape', 'Close what is open'],
    ],
  },
  {
    title: 'In the column titles',
    screens: ['requests'],
    keys: [
      ['ArrowLeft ArrowRight', 'Go along'],
      ['Enter', 'Sort: ascending, descending, as they come'],
      ['Alt+ArrowLeft Alt+ArrowRight', 'Move the column'],
    ],
  },
  {
    title: 'Choosing the columns',
    screens: ['requests'],
    keys: [
      ['Space', 'Show or hide'],
      ['Alt+ArrowUp Alt+ArrowDown', 'Move the column'],
    ],
  },
  {
    title: 'While filtering',
    screens: ['requests', 'topology', 'traces'],
    keys: [
      ['ArrowDown ArrowUp', 'Choose a completion'],
      ['Tab', 'Take it'],
      ['Escape', 'Close the completions, then leave'],
    ],
  },
  {
    title: 'In the waterfall',
    screens: ['traces'],
    keys: [
      ['ArrowRight', 'Unfold, or go in'],
      ['ArrowLeft', 'Fold, or go to the parent'],
    ],
  },
  {
    title: 'In the editor',
    screens: ['config'],
    keys: [
      ['$mod+]', 'Indent'],
      ['$mod+[', 'Outdent'],
      ['Tab', 'Leave the editor'],
    ],
  },
];
