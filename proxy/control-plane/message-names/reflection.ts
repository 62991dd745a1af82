import http2 from 'node:http2';
import type { Clock } from '../../shared/clock.ts';
import { frameGrpcMessage, GrpcReader } from '../../shared/grpc-message.ts';
import { ProtoTypes } from '../../shared/proto-types.ts';
import { readWire, writeBytes } from '../../shared/proto-wire.ts';

/*
 * gRPC server reflection (grpc/reflection/v1/reflection.proto, and its v1alpha twin): the service tells its own descriptors, so that messages
 * have names without anybody handing over a .proto. Asked of the service's own port, never of a host outside this machine.
 */

export interface ReflectionOptions {
  clock: Clock;
  /** Addresses of the engine itself. */
  forbidden: () => readonly string[];
}

export interface NamesAnswer {
  types: ProtoTypes | null;
  /** `reflection`, or why there are no names. */
  why: string;
}

const limitMs = 1_500;
const keepMs = 60_000;
const keepFailureMs = 10_000;
const maxCached = 100;
const maxFiles = 60;
const maxAnswerBytes = 4 * 1024 * 1024;
const versions = ['v1', 'v1alpha'];
const noReflection = 'the service offers no server reflection';

export class Reflection {
  readonly #options: ReflectionOptions;
  readonly #cache = new Map<string, { until: number; answer: Promise<NamesAnswer> }>();

  constructor(options: ReflectionOptions) {
    this.#options = options;
  }

  /** `address`: host:port of the app; `service`: `package.Service`. Never rejects. */
  typesOf(address: string, service: string): Promise<NamesAnswer> {
    const { clock, forbidden } = this.#options;
    if (service === '' || address === '' || forbidden().includes(address))
      return Promise.resolve({ types: null, why: noReflection });
    const key = `${address} ${service}`;
    const kept = this.#cache.get(key);
    if (kept && kept.until > clock.now()) return kept.answer;
    if (this.#cache.size >= maxCached) this.#cache.delete(this.#cache.keys().next().value!);
    const entry = { until: clock.now() + keepMs, answer: this.#ask(address, service) };
    this.#cache.set(key, entry);
    void entry.answer.then(({ types }) => {
      if (types === null) entry.until = clock.now() + keepFailureMs;
    });
    return entry.answer;
  }

  async #ask(address: string, service: string): Promise<NamesAnswer> {
    let why = noReflection;
    for (const version of versions) {
      try {
        return { types: await askVersion(address, service, version), why: 'reflection' };
      } catch (error) {
        why = (error as Error).message;
        if (why !== noReflection) break;
      }
    }
    return { types: null, why };
  }
}

/** Rejects with words for the reader. */
function askVersion(address: string, service: string, version: string): Promise<ProtoTypes> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://${address}`);
    const timer = setTimeout(() => fail(`server reflection did not answer in ${limitMs} ms`), limitMs);
    const types = new ProtoTypes();
    const asked = new Set<string>();
    let open = 0;
    let bytes = 0;
    const done = () => {
      clearTimeout(timer);
      session.destroy();
    };
    const fail = (message: string) => {
      done();
      reject(new Error(message));
    };
    session.on('error', (error) => fail(`server reflection failed: ${error.message}`));
    const stream = session.request({
      ':method': 'POST',
      ':path': `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    const send = (field: number, value: string) => {
      if (asked.has(value) || asked.size >= maxFiles) return;
      asked.add(value);
      open++;
      stream.write(frameGrpcMessage(writeBytes(field, value)));
    };
    const answers = new GrpcReader(({ data }) => {
      open--;
      // file_descriptor_response {file_descriptor_proto = 1}; anything else is an error_response or nothing that was asked for.
      const files = fieldsOf(data, 4).flatMap((response) => fieldsOf(response, 1));
      const imports = files.flatMap((file) => types.addFile(Buffer.from(file)));
      for (const name of imports) if (!types.files.has(name)) send(3, name);
    });
    stream.on('error', (error) => fail(`server reflection failed: ${error.message}`));
    stream.on('response', (headers) => {
      if (headers[':status'] !== 200 || (headers['grpc-status'] ?? '0') !== '0') fail(noReflection);
    });
    stream.on('end', () => fail(noReflection));
    stream.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxAnswerBytes) return fail('server reflection answered too much');
      answers.add(chunk);
      if (open > 0) return undefined;
      done();
      return types.methods.size > 0 ? resolve(types) : reject(new Error(`server reflection does not know ${service}`));
    });
    send(4, service);
  });
}

function fieldsOf(bytes: Buffer, number: number): Buffer[] {
  return (readWire(bytes) ?? []).flatMap((field) => (field.number === number && field.wire === 'len' ? [field.value] : []));
}
