const grpc = 'application/grpc';

/** `application/grpc` or `application/grpc+proto`; parameters and grpc-web make it something else. Envoy: Grpc::Common::hasGrpcContentType. */
export function isGrpcType(contentType: string | undefined): boolean {
  if (contentType?.startsWith(grpc) !== true) return false;
  return contentType.length === grpc.length || contentType[grpc.length] === '+';
}
