import type { ExchangeDetail, MessagePage } from '../../../proxy/api/exchange.schema.ts';
import { AddProtosButton, ProtoProblems } from './add-protos.tsx';
import { useAddProtos } from './use-add-protos.ts';

/** Below a gRPC message: where its names come from, or why it has none and what gives them. */
export function MessageNames({
  type,
  page,
  to,
  onChanged,
}: {
  /** Full name of the message, when it is known. */
  type: string | undefined;
  page: MessagePage;
  to: Pick<ExchangeDetail, 'destination' | 'destinationNamespace'>;
  onChanged: () => void;
}) {
  const adding = useAddProtos({ service: to.destination, namespace: to.destinationNamespace, onDone: onChanged });
  const words = describeNames(page, type);
  return (
    <div className="message-names" data-testid="message-names">
      <div className="message-names-line">
        <p className="muted">
          {words.type && (
            <>
              <span className="mono soft">{words.type}</span> ·{' '}
            </>
          )}
          {words.from}
        </p>
        {words.wanted && <AddProtosButton adding={adding} />}
      </div>
      <ProtoProblems problems={adding.problems} />
    </div>
  );
}

/** `wanted`: a .proto would help. */
export function describeNames(
  { names, protoFiles = [] }: Pick<MessagePage, 'names' | 'protoFiles'>,
  type: string | undefined,
): { type: string; from: string; wanted: boolean } {
  if (names === 'reflection') return { type: type ?? '', from: 'names from the service’s own reflection', wanted: false };
  if (names === 'proto') return { type: type ?? '', from: `names from ${listed(protoFiles)}`, wanted: false };
  const why = names === '' ? 'no descriptor is known' : names;
  return { type: '', from: `No names: ${why}. Types with a question mark are guesses.`, wanted: true };
}

function listed(files: readonly string[]): string {
  const shown = files.slice(0, 2).map((file) => file.split('/').at(-1));
  return files.length > 2 ? `${shown.join(', ')} and ${files.length - 2} more` : shown.join(' and ');
}
