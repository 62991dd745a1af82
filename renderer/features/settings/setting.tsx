import type { ReactNode } from 'react';

/** One line of a panel: what it is, where it comes from, and what it is now. */
export function Setting({ name, hint, children }: { name: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <div className="setting">
      <div>
        <div className="setting-name">{name}</div>
        {hint && <div className="setting-hint">{hint}</div>}
      </div>
      <div className="setting-value">{children}</div>
    </div>
  );
}
