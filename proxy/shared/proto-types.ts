import { readWire, type WireField } from './proto-wire.ts';

/*
 * Names for numbers, from FileDescriptorProto (google/protobuf/descriptor.proto): messages with their fields, enums, and what each gRPC method
 * takes and gives.
 */

export interface FieldType {
  name: string;
  /** FieldDescriptorProto.Type: 1 double … 18 sint64. */
  type: number;
  /** Full name of the message or enum, '' otherwise. */
  typeName: string;
}

const maxDepth = 20;

export class ProtoTypes {
  readonly messages = new Map<string, Map<number, FieldType>>();
  readonly enums = new Map<string, Map<number, string>>();
  /** `/package.Service/Method` → full names. */
  readonly methods = new Map<string, { input: string; output: string }>();
  readonly files = new Set<string>();

  /** Takes one FileDescriptorProto; answers the files it imports. */
  addFile(bytes: Buffer): string[] {
    const file = readWire(bytes) ?? [];
    this.files.add(text(file, 1));
    const prefix = text(file, 2);
    for (const message of all(file, 4)) this.#addMessage(message, prefix, 0);
    for (const one of all(file, 5)) this.#addEnum(one, prefix);
    for (const service of all(file, 6)) {
      const fields = readWire(service) ?? [];
      const name = join(prefix, text(fields, 1));
      for (const method of all(fields, 2)) {
        const parts = readWire(method) ?? [];
        this.methods.set(`/${name}/${text(parts, 1)}`, { input: text(parts, 2).slice(1), output: text(parts, 3).slice(1) });
      }
    }
    return all(file, 3).map((name) => name.toString('utf8'));
  }

  #addMessage(bytes: Buffer, prefix: string, depth: number): void {
    const parts = readWire(bytes) ?? [];
    const name = join(prefix, text(parts, 1));
    const fields = new Map<number, FieldType>();
    for (const field of all(parts, 2)) {
      const of = readWire(field) ?? [];
      fields.set(number(of, 3), { name: text(of, 1), type: number(of, 5), typeName: text(of, 6).replace(/^\./, '') });
    }
    this.messages.set(name, fields);
    if (depth >= maxDepth) return;
    for (const nested of all(parts, 3)) this.#addMessage(nested, name, depth + 1);
    for (const one of all(parts, 4)) this.#addEnum(one, name);
  }

  #addEnum(bytes: Buffer, prefix: string): void {
    const parts = readWire(bytes) ?? [];
    const values = all(parts, 2).map((value) => readWire(value) ?? []);
    this.enums.set(join(prefix, text(parts, 1)), new Map(values.map((value) => [number(value, 2), text(value, 1)])));
  }
}

function all(fields: readonly WireField[], wanted: number): Buffer[] {
  return fields.flatMap((field) => (field.number === wanted && field.wire === 'len' ? [field.value] : []));
}

function text(fields: readonly WireField[], wanted: number): string {
  return all(fields, wanted).at(-1)?.toString('utf8') ?? '';
}

function number(fields: readonly WireField[], wanted: number): number {
  const field = fields.find((one) => one.number === wanted && one.wire === 'varint');
  return field?.wire === 'varint' ? Number(BigInt.asIntN(64, field.value)) : 0;
}

function join(prefix: string, name: string): string {
  return prefix === '' ? name : `${prefix}.${name}`;
}
