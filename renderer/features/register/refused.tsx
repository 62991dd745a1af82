import { Notice } from '../../ui/index.ts';

/** Why the engine refused a registration; nothing while there is no reason. */
export function Refused({ reasons }: { reasons: readonly string[] }) {
  if (reasons.length === 0) return null;
  return (
    <div className="register-refused" role="alert">
      <Notice tone="bad">
        {reasons.map((reason) => (
          <div key={reason}>{reason}</div>
        ))}
      </Notice>
    </div>
  );
}
