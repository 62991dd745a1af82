import os from 'node:os';

/**
 * Lets this thread run before others when there are fewer cores than threads that want one, which costs little when it mostly sleeps. Linux
 * counts priorities by thread; elsewhere it would be the whole process's, and is left alone. Answers whether it was allowed: it takes the right
 * to (CAP_SYS_NICE, or a limit set by ulimit -e).
 */
export function preferThisThread(): boolean {
  if (process.platform !== 'linux') return false;
  try {
    os.setPriority(0, os.constants.priority.PRIORITY_HIGHEST);
    return true;
  } catch {
    return false; // not allowed: it takes its turn like all others
  }
}
