export interface FormField {
  name: string;
  value: string;
  /** Of a part that is a file: its name, type and size instead of a value. */
  file?: string;
}

const maxFields = 500;

/** Fields of an HTML form, urlencoded or multipart; null when it is neither. `binary` has one character per byte. */
export function parseForm(contentType: string, binary: string): FormField[] | null {
  if (/^application\/x-www-form-urlencoded\b/i.test(contentType)) {
    const fields: FormField[] = [];
    for (const [name, value] of new URLSearchParams(binary)) if (fields.push({ name, value }) === maxFields) break;
    return fields;
  }
  const boundary = /^multipart\/form-data\b.*?;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const delimiter = boundary?.[1] ?? boundary?.[2];
  return delimiter === undefined ? null : parseParts(binary, `--${delimiter}`);
}

function parseParts(binary: string, delimiter: string): FormField[] {
  const fields: FormField[] = [];
  for (const part of binary.split(delimiter).slice(1, maxFields + 1)) {
    if (part.startsWith('--')) break;
    const headEnd = part.indexOf('\r\n\r\n');
    if (headEnd < 0) continue;
    const head = fromBytes(part.slice(0, headEnd));
    const content = part.slice(headEnd + 4).replace(/\r\n$/, '');
    const name = parameter(head, 'name') ?? '';
    const fileName = parameter(head, 'filename');
    const type = /^content-type:\s*(.+?)\s*$/im.exec(head)?.[1];
    if (fileName === undefined) fields.push({ name, value: fromBytes(content) });
    else
      fields.push({ name, value: '', file: [fileName || 'no name', type, `${content.length} bytes`].filter(Boolean).join(', ') });
  }
  return fields;
}

/** `name="a b"` of a content-disposition; a quote within is `\"`, or `%22` as browsers write. */
function parameter(head: string, wanted: string): string | undefined {
  const match = new RegExp(`;\\s*${wanted}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^;\\s]+))`, 'i').exec(head);
  return (match?.[1] ?? match?.[2])?.replace(/\\(.)/g, '$1').replaceAll('%22', '"');
}

function fromBytes(binary: string): string {
  return new TextDecoder().decode(Uint8Array.from(binary, (char) => char.charCodeAt(0)));
}
