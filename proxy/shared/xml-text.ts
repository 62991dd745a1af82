import { ownValue } from './own-value.ts';

/** An element of an XML text. Prefixes are left off names; `text` is what stands directly in it, trimmed. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

const maxDepth = 200;
const token =
  /<!--[\s\S]*?-->|<\?[\s\S]*?\?>|<!\[CDATA\[([\s\S]*?)\]\]>|<!DOCTYPE[^>[]*>|<\/([^\s<>/]+)\s*>|<([^\s<>/!?]+)((?:\s+[^\s=<>/]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

/** The root element, or null when the text is not well-formed. Entities of a document type are not resolved: such texts are refused. */
export function parseXml(text: string): XmlElement | null {
  const top: XmlElement = { name: '', attributes: {}, children: [], text: '' };
  const open = [top];
  const pattern = new RegExp(token);
  for (let at = 0; at < text.length; at = pattern.lastIndex) {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return null;
    const [, cdata, closed, opened, attributes, single, plain] = match;
    const inside = open.at(-1)!;
    if (cdata !== undefined) inside.text += cdata;
    else if (plain !== undefined) inside.text += decode(plain);
    else if (closed !== undefined) {
      if (open.length === 1 || localName(closed) !== inside.name) return null;
      inside.text = inside.text.trim();
      open.pop();
    } else if (opened !== undefined) {
      const element: XmlElement = {
        name: localName(opened),
        attributes: readAttributes(attributes ?? ''),
        children: [],
        text: '',
      };
      inside.children.push(element);
      if (single !== '/') open.push(element);
      if (open.length > maxDepth) return null;
    }
  }
  const [root, ...more] = top.children;
  return open.length === 1 && root !== undefined && more.length === 0 && top.text.trim() === '' ? root : null;
}

const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

/** Declarations of namespaces are left out. */
function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = Object.create(null);
  for (const [, name = '', double, single] of text.matchAll(/([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
    if (name !== 'xmlns' && !name.startsWith('xmlns:')) attributes[localName(name)] = decode(double ?? single ?? '');
  return attributes;
}

const entities: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w+));/gi, (whole, hex?: string, decimal?: string, name?: string) => {
    if (name !== undefined) return ownValue(entities, name) ?? whole;
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
