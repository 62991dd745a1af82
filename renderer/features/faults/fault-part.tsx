import type { ReactNode } from 'react';

/** Fields that belong together, with what they are about on their left. */
export function FaultPart({ legend, children }: { legend: string; children: ReactNode }) {
  return (
    <fieldset className="fault-part">
      <legend>{legend}</legend>
      <div>{children}</div>
    </fieldset>
  );
}
