/** What cannot be taken over of a stub's request leaves the whole stub out: one that looks at less would answer too much. */
export class Untakeable extends Error {
  /** Path in the stub. */
  readonly field: string;

  constructor(field: string, message: string) {
    super(message);
    this.field = field;
  }
}
