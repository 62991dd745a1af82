/** A gRPC message on the wire: a byte that says uncompressed, four of length, the message. */
export function frameGrpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
