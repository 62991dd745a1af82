import type { ProtoFile } from '../../../proxy/api/proto.schema.ts';

/** What the file chooser offers: text, and the endings descriptor sets are usually given. */
export const protoEndings = '.proto,.pb,.binpb,.desc,.protoset,.protobin,.bin';

/** As the API takes it. A folder's files keep the path by which others import them. */
export async function readProtoFile(file: File): Promise<ProtoFile> {
  const name = file.webkitRelativePath || file.name;
  if (/\.proto$/i.test(file.name)) return { name, encoding: 'utf8', content: await file.text() };
  let bytes = '';
  for (const byte of new Uint8Array(await file.arrayBuffer())) bytes += String.fromCharCode(byte);
  return { name, encoding: 'base64', content: btoa(bytes) };
}
