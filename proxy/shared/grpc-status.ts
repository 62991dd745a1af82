/** gRPC status → the HTTP status it counts as (Envoy: Grpc::Utility::grpcToHttpStatus). */
const httpByGrpc = [200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 501, 500, 503, 500, 401];

/** 500 for a status that gRPC does not know. */
export function httpStatusOfGrpc(status: number): number {
  return httpByGrpc[status] ?? 500;
}
