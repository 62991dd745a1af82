import * as grpc from '@grpc/grpc-js';
import protobuf from 'protobufjs';

/*
 * An authorizer that speaks envoy.service.auth.v3 through grpc-js and protobufjs, so that nothing of ours checks itself. It answers what the
 * request's `x-answer` header says (a CheckResponse as JSON; `status` other than OK as `{grpc: 14}`, `{hang: true}` never answers).
 */

/** The messages' fields by their published numbers. */
const definition = `
syntax = "proto3";
package envoy.service.auth.v3;
service Authorization { rpc Check(CheckRequest) returns (CheckResponse); }
message CheckRequest { Attributes attributes = 1; }
message Attributes {
  Peer source = 1; Peer destination = 2; Request request = 4; map<string, string> context_extensions = 10;
  Nothing metadata_context = 11; Nothing tls_session = 12; Nothing route_metadata_context = 13;
}
message Nothing {}
message Peer { Address address = 1; string service = 2; map<string, string> labels = 3; string principal = 4; string certificate = 5; }
message Address { SocketAddress socket_address = 1; }
message SocketAddress { int32 protocol = 1; string address = 2; uint32 port_value = 3; }
message Time { int64 seconds = 1; int32 nanos = 2; }
message Request { Time time = 1; HttpRequest http = 2; }
message HttpRequest {
  string id = 1; string method = 2; map<string, string> headers = 3; string path = 4; string host = 5; string scheme = 6; string query = 7;
  string fragment = 8; int64 size = 9; string protocol = 10; string body = 11; bytes raw_body = 12;
}
message CheckResponse { Status status = 1; Denied denied_response = 2; Ok ok_response = 3; Denied error_response = 5; }
message Status { int32 code = 1; string message = 2; }
message Denied { HttpStatus status = 1; repeated HeaderOption headers = 2; string body = 3; }
message HttpStatus { int32 code = 1; }
message Ok {
  repeated HeaderOption headers = 2; repeated string headers_to_remove = 5; repeated HeaderOption response_headers_to_add = 6;
  repeated Parameter query_parameters_to_set = 7; repeated string query_parameters_to_remove = 8;
}
message Parameter { string key = 1; string value = 2; }
message HeaderOption { Header header = 1; Bool append = 2; int32 append_action = 3; }
message Bool { bool value = 1; }
message Header { string key = 1; string value = 2; bytes raw_value = 3; }
`;
const { root } = protobuf.parse(definition, { keepCase: true });
const requestType = root.lookupType('CheckRequest');
const responseType = root.lookupType('CheckResponse');

export interface HttpAttributes {
  id: string;
  method: string;
  headers: Record<string, string>;
  path: string;
  host: string;
  scheme: string;
  size: string;
  protocol: string;
  body: string;
  raw_body: string;
}
interface Peer {
  address: { socket_address: { address: string; port_value: number } };
  service: string;
  principal: string;
}
export interface Asked {
  attributes: { source: Peer; destination: Peer; request?: { time: { seconds: string }; http: HttpAttributes } };
  metadata: Record<string, string>;
}
/** How to answer: a CheckResponse as JSON, or not at all. */
export type Answer = { grpc?: number; hang?: boolean } & Record<string, unknown>;

export interface GrpcAuthorizer {
  port: number;
  /** Every question, in order. */
  asked: Asked[];
  /** For questions without `x-answer`, connections among them. */
  otherwise: Answer;
  close(): void;
}

export async function startGrpcAuthorizer(): Promise<GrpcAuthorizer> {
  const server = new grpc.Server();
  const authorizer: GrpcAuthorizer = {
    port: 0,
    asked: [],
    otherwise: { status: { code: 0 } },
    close: () => server.forceShutdown(),
  };
  const method = {
    path: '/envoy.service.auth.v3.Authorization/Check',
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Buffer) => message,
    requestDeserialize: (bytes: Buffer) =>
      requestType.toObject(requestType.decode(bytes), { longs: String, bytes: String, defaults: true }) as unknown as Asked,
    responseSerialize: (answer: Answer) => Buffer.from(responseType.encode(responseType.fromObject(answer)).finish()),
    responseDeserialize: (bytes: Buffer) => bytes,
  };
  server.addService(
    { Check: method },
    {
      Check: (call: grpc.ServerUnaryCall<Asked, Answer>, reply: grpc.sendUnaryData<Answer>) => {
        const metadata = Object.fromEntries(Object.entries(call.metadata.getMap()).map(([name, value]) => [name, String(value)]));
        authorizer.asked.push({ attributes: call.request.attributes, metadata });
        const text = call.request.attributes.request?.http?.headers['x-answer'];
        const answer = text === undefined ? authorizer.otherwise : (JSON.parse(text) as Answer);
        if (answer.hang) return;
        if (answer.grpc) reply({ code: answer.grpc, details: 'as asked' });
        else reply(null, answer);
      },
    },
  );
  authorizer.port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
  return authorizer;
}
