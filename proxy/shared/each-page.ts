/**
 * Reads a paged answer to its end, one page at a time: `read` gets the cursor of the page to read, undefined for the first. Ends with the page that
 * has no `next`, and throws when a cursor comes back twice, since that would never end.
 */
export async function* eachPage<P extends { next: string | null }>(
  read: (cursor: string | undefined) => Promise<P>,
): AsyncGenerator<P, void, void> {
  let cursor: string | undefined;
  for (;;) {
    const page = await read(cursor);
    yield page;
    if (page.next === null) return;
    if (page.next === cursor) throw new Error(`the page after ${cursor} names itself as the next one`);
    cursor = page.next;
  }
}
