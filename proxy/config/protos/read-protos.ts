import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type protobuf from 'protobufjs';
import { ProtoTypes } from '../../shared/proto-types.ts';
import { readWire } from '../../shared/proto-wire.ts';
import { addParsed } from './reflect-types.ts';

export interface ProtoSource {
  /** As the reader is to be told of it. */
  name: string;
  bytes: Buffer;
}
export interface ProtoProblem {
  code: 'DD1010' | 'DD1011' | 'DD1012';
  message: string;
  suggestion: string;
  /** Where in the .proto; null when it is the giving that is wrong. */
  file: string | null;
  line: number | null;
}
export interface ProtoReading {
  types: ProtoTypes;
  problems: ProtoProblem[];
}
/** The file that `wanted` means when `from` imports it; null when there is none. */
export type FindImport = (wanted: string, from: string) => Promise<ProtoSource | null>;

const maxImported = 1000;
const require = createRequire(import.meta.url);

/** Is this text in the protobuf language, and not a compiled descriptor set? */
export const isProtoText = (name: string) => /\.proto$/i.test(name);

/**
 * Names for what passes on the wire, from .proto files (text) and from descriptor sets (what `protoc --descriptor_set_out` and `buf build`
 * write), with what they import. Never rejects for what a user can get wrong: what reads counts, the rest are problems.
 */
export async function readProtos(sources: readonly ProtoSource[], find: FindImport): Promise<ProtoReading> {
  const reading: ProtoReading = { types: new ProtoTypes(), problems: [] };
  const texts = sources.filter(({ name }) => isProtoText(name));
  const { default: parser } = await import('protobufjs');
  if (texts.length > 0) await new TextReader(parser, reading, find).read(texts);
  for (const source of sources) if (!isProtoText(source.name)) addDescriptorSet(parser, source, reading);
  return reading;
}

/** Reads .proto files into one root, then everything they import, each once. */
class TextReader {
  readonly #parser: typeof protobuf;
  readonly #reading: ProtoReading;
  readonly #find: FindImport;
  readonly #root: protobuf.Root;
  readonly #read = new Map<string, string>();
  #bundled = new Set<string>();
  #missing = false;

  constructor(parser: typeof protobuf, reading: ProtoReading, find: FindImport) {
    this.#parser = parser;
    this.#reading = reading;
    this.#find = find;
    this.#root = new parser.Root();
  }

  async read(sources: readonly ProtoSource[]): Promise<void> {
    for (const source of sources) await this.#add(source);
    try {
      this.#root.resolveAll();
    } catch {
      // It stops at the first name it does not know; all of them are told below.
    }
    const unresolved = addParsed(this.#reading.types, this.#root);
    // With an import missing, names from it are missing too: one message says it.
    if (this.#missing) return;
    for (const { wanted, user, file } of unresolved) {
      const line = lineOf(this.#read.get(file) ?? '', new RegExp(`\\b${escaped(wanted)}\\b`));
      const message = `\`${wanted}\`, which ${user} uses, is defined nowhere.`;
      this.#problem(file, line, message, 'Define it, or import the file that does.');
    }
  }

  async #add({ name, bytes }: ProtoSource): Promise<void> {
    if (this.#read.has(name) || this.#read.size >= maxImported) return;
    const text = bytes.toString('utf8');
    this.#read.set(name, text);
    const imports = this.#parse(name, text);
    for (const wanted of imports) {
      const found = await this.#find(wanted, name);
      if (found !== null) await this.#add(found);
      else if (!(await this.#addBundled(wanted))) {
        this.#missing = true;
        const line = lineOf(text, new RegExp(`import[^;]*["']${escaped(wanted)}["']`));
        const remedy = 'Give that file too, or the folder its path counts from.';
        this.#problem(name, line, `\`${wanted}\` is imported, and is nowhere to be found.`, remedy);
      }
    }
  }

  /** The files it imports. */
  #parse(name: string, text: string): string[] {
    // The typings lack it: what is parsed remembers its file by it.
    const parse: typeof protobuf.parse & { filename?: string | null } = this.#parser.parse;
    try {
      parse.filename = name;
      const { imports = [], weakImports = [] } = parse(text, this.#root, { keepCase: true });
      return [...imports, ...weakImports];
    } catch (error) {
      const said = (error as Error).message;
      const line = /[(, ]line (\d+)\)$/.exec(said);
      const words = said.replace(/ \((?:.*, )?line \d+\)$/, '');
      this.#problem(
        name,
        line ? Number(line[1]) : null,
        `It does not parse: ${words}.`,
        'Correct it; protoc names the same place.',
      );
      this.#missing = true;
      return [];
    } finally {
      parse.filename = null;
    }
  }

  /** google/protobuf/timestamp.proto and its like come with the parser. */
  async #addBundled(wanted: string): Promise<boolean> {
    if (this.#bundled.has(wanted)) return true;
    const known = this.#parser.common.get(wanted);
    if (known?.nested) this.#root.addJSON(known.nested as Record<string, protobuf.AnyNestedObject>);
    else if (/^google\/(api|protobuf)\/\w+\.proto$/.test(wanted)) {
      const text = await readFile(require.resolve(`protobufjs/${wanted}`), 'utf8').catch(() => null);
      if (text === null) return false;
      this.#bundled.add(wanted);
      const { imports = [] } = this.#parser.parse(text, this.#root, { keepCase: true });
      for (const one of imports) await this.#addBundled(one);
    } else return false;
    this.#bundled.add(wanted);
    return true;
  }

  #problem(file: string, line: number | null, message: string, suggestion: string): void {
    this.#reading.problems.push({ code: 'DD1011', message, suggestion, file: file || null, line });
  }
}

/** google.protobuf.FileDescriptorSet: a list of files, as field 1. */
function addDescriptorSet(parser: typeof protobuf, { name, bytes }: ProtoSource, { types, problems }: ProtoReading): void {
  const fields = readWire(bytes);
  const files = (fields ?? []).flatMap((field) => (field.number === 1 && field.wire === 'len' ? [field.value] : []));
  const isSet = fields !== null && files.length > 0 && files.every((file) => (readWire(file)?.length ?? 0) > 0);
  if (!isSet) {
    const suggestion =
      'Write one by `protoc --include_imports --descriptor_set_out=FILE …` or `buf build -o FILE`; text belongs in a file named .proto.';
    problems.push({ code: 'DD1011', message: 'It is no descriptor set.', suggestion, file: name, line: null });
    return;
  }
  const imported = files.flatMap((file) => types.addFile(file));
  for (const wanted of new Set(imported)) {
    if (types.files.has(wanted)) continue;
    const known = parser.common.get(wanted);
    if (known !== null) {
      const root = parser.Root.fromJSON(known);
      root.resolveAll();
      addParsed(types, root);
    } else if (!wanted.startsWith('google/')) {
      const message = `The set lacks \`${wanted}\`, which it imports: fields of types from there have no names.`;
      const suggestion = 'Write it with `--include_imports`.';
      problems.push({ code: 'DD1012', message, suggestion, file: name, line: null });
    }
  }
}

function lineOf(text: string, pattern: RegExp): number | null {
  const at = text.search(pattern);
  return at < 0 ? null : text.slice(0, at).split('\n').length;
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
