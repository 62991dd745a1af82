import type protobuf from 'protobufjs';
import type { FieldType, ProtoTypes } from '../../shared/proto-types.ts';

/** FieldDescriptorProto.Type (google/protobuf/descriptor.proto). */
const scalarTypes: Readonly<Record<string, number>> = {
  ...{ double: 1, float: 2, int64: 3, uint64: 4, int32: 5, fixed64: 6, fixed32: 7, bool: 8, string: 9, bytes: 12 },
  ...{ uint32: 13, sfixed32: 15, sfixed64: 16, sint32: 17, sint64: 18 },
};
const MESSAGE = 11;
const ENUM = 14;

/** A name that no file defines, where it is used. */
export interface Unresolved {
  wanted: string;
  /** Full name of the message or method that uses it. */
  user: string;
  /** '' for what came with the parser. */
  file: string;
}

/** Adds what the parser read from .proto files; answers the names it could not resolve. */
export function addParsed(types: ProtoTypes, root: protobuf.Root): Unresolved[] {
  const unresolved: Unresolved[] = [];
  addNamespace(types, root, unresolved);
  return unresolved;
}

function addNamespace(types: ProtoTypes, namespace: protobuf.NamespaceBase, unresolved: Unresolved[]): void {
  for (const one of namespace.nestedArray) {
    if (isEnum(one)) types.enums.set(nameOf(one), numbersOf(one));
    else if (isMessage(one)) addMessage(types, one, unresolved);
    else if (isService(one)) addService(types, one, unresolved);
    if ('nestedArray' in one) addNamespace(types, one as protobuf.NamespaceBase, unresolved);
  }
}

function addMessage(types: ProtoTypes, message: protobuf.Type, unresolved: Unresolved[]): void {
  const name = nameOf(message);
  const fields = new Map<number, FieldType>();
  for (const field of message.fieldsArray) {
    if (!resolves(field)) unresolved.push({ wanted: field.type, user: name, file: message.filename ?? '' });
    const plain = fieldType(field);
    const keyType = 'keyType' in field ? String(field.keyType) : null;
    // An extension's name is its full one: it reads as in protobuf's own text, in brackets.
    const shown = field.name.startsWith('.') ? `[${field.name.slice(1)}]` : field.name;
    const typeName = keyType === null ? plain.typeName : addMapEntry(types, `${name}.${field.name}`, keyType, plain);
    fields.set(field.id, { name: shown, type: keyType === null ? plain.type : MESSAGE, typeName });
  }
  types.messages.set(name, fields);
}

/** On the wire a map is a list of messages with a key and a value. */
function addMapEntry(types: ProtoTypes, field: string, keyType: string, value: Omit<FieldType, 'name'>): string {
  const name = `${field}.Entry`;
  const key = { name: 'key', type: scalarTypes[keyType] ?? 0, typeName: '' };
  types.messages.set(
    name,
    new Map([
      [1, key],
      [2, { ...value, name: 'value' }],
    ]),
  );
  return name;
}

function addService(types: ProtoTypes, service: protobuf.Service, unresolved: Unresolved[]): void {
  for (const method of service.methodsArray) {
    if (!resolves(method)) {
      const wanted = method.resolvedRequestType ? method.responseType : method.requestType;
      unresolved.push({ wanted, user: nameOf(method), file: service.filename ?? '' });
    }
    const input = method.resolvedRequestType ? nameOf(method.resolvedRequestType) : method.requestType;
    const output = method.resolvedResponseType ? nameOf(method.resolvedResponseType) : method.responseType;
    types.methods.set(`/${nameOf(service)}/${method.name}`, { input, output });
  }
}

function fieldType(field: protobuf.Field): Omit<FieldType, 'name'> {
  const { resolvedType } = field;
  if (resolvedType === null) return { type: scalarTypes[field.type] ?? 0, typeName: '' };
  return { type: isEnum(resolvedType) ? ENUM : MESSAGE, typeName: nameOf(resolvedType) };
}

/** Of several names for one number the first counts, as protobuf's own text output has it. */
function numbersOf(one: protobuf.Enum): Map<number, string> {
  const names = new Map<number, string>();
  for (const [name, number] of Object.entries(one.values)) if (!names.has(number)) names.set(number, name);
  return names;
}

function resolves(one: protobuf.ReflectionObject): boolean {
  try {
    one.resolve();
    return true;
  } catch {
    return false; // the parser's only reason: nothing has that name
  }
}

function nameOf({ fullName }: protobuf.ReflectionObject): string {
  return fullName.replace(/^\./, '');
}
function isEnum(one: protobuf.ReflectionObject): one is protobuf.Enum {
  return 'valuesById' in one;
}
function isMessage(one: protobuf.ReflectionObject): one is protobuf.Type {
  return 'fieldsArray' in one;
}
function isService(one: protobuf.ReflectionObject): one is protobuf.Service {
  return 'methodsArray' in one;
}
