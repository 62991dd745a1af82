/** For POSIX sh: whatever is inside reaches the program as one argument, unchanged. A NUL cannot be in an argument. */
export function quoteForShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
