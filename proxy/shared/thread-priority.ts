import { spawnSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const limitMs = 1000;

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

/**
 * For a thread that must wake up to the tenth of a millisecond and does little then: in the class that runs as soon as it can (SCHED_RR), where
 * `chrt` is there and may set it (root, or ulimit -r), else before others as above. An ordinary thread that wakes waits for the one that runs to
 * have its turn, several milliseconds on a busy machine, whatever its priority.
 */
export function wakeThisThreadOnTime(): boolean {
  if (process.platform !== 'linux') return false;
  const thread = path.basename(readlinkSync('/proc/thread-self'));
  const { status } = spawnSync('chrt', ['--rr', '--pid', '1', thread], { stdio: 'ignore', timeout: limitMs });
  return status === 0 || preferThisThread();
}
