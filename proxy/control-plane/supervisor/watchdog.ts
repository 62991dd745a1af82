import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Ends the process groups of run: services when the engine is gone, also after kill -9: a POSIX shell (1 MB, no Node) that reads group
 * ids from a pipe and acts when the pipe closes. It leads a session of its own, so a signal to the engine's group does not reach it.
 * Windows has no process groups; there services end with the engine's own stop only.
 */
const script = `
groups=" "
while read -r op group; do
  case "$op" in
    +) groups="$groups$group " ;;
    -) groups=$(printf '%s' "$groups" | sed "s/ $group / /") ;;
  esac
done
[ "$groups" = " " ] && exit 0
for group in $groups; do kill -s TERM -- "-$group" 2>/dev/null; done
sleep 2
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
`;

export class Watchdog {
  #process: ChildProcess | null = null;

  /** From now on the group ends when the engine does. Returns false where there is no watchdog. */
  guard(group: number): boolean {
    return this.#tell(`+ ${group}\n`);
  }

  release(group: number): void {
    if (this.#process) this.#tell(`- ${group}\n`);
  }

  close(): void {
    this.#process?.stdin?.end();
    this.#process = null;
  }

  #tell(line: string): boolean {
    if (process.platform === 'win32') return false;
    this.#process ??= this.#start();
    return this.#process.stdin?.write(line) !== undefined;
  }

  #start(): ChildProcess {
    const child = spawn('/bin/sh', ['-c', script], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: '/usr/bin:/bin' },
    });
    child.on('error', () => {
      this.#process = null;
    });
    child.on('exit', () => {
      this.#process = null;
    });
    child.stdin?.on('error', () => {
      this.#process = null;
    });
    child.unref();
    (child.stdin as unknown as { unref?: () => void } | null)?.unref?.();
    return child;
  }
}
