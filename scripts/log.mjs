/** One line of progress on stderr, so that stdout stays free for what a caller reads. */
export function say(message) {
  process.stderr.write(`drydock: ${message}\n`);
}

/** A failure whose message is meant for the person at the keyboard; printed without a stack. */
export class SetupError extends Error {
  /** @param {string} message what went wrong @param {string} [advice] what to do about it */
  constructor(message, advice) {
    super(advice ? `${message}\n  → ${advice}` : message);
    this.name = 'SetupError';
  }
}

/** Runs a script's main function; expected failures end in words and exit code 1, anything else with its stack. */
export async function runMain(main) {
  try {
    await main();
  } catch (error) {
    process.exitCode = 1;
    process.stderr.write(error instanceof SetupError ? `drydock: ${error.message}\n` : `${error?.stack ?? error}\n`);
  }
}
