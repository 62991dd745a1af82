import { Tabs as BaseTabs } from '@base-ui/react/tabs';
import { CircleAlert, CircleCheck, Info, type LucideIcon, TriangleAlert } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button.tsx';
import { formatCount } from './format.ts';
import './surface.css';

/** What a colour means, everywhere. `fault` is anything Drydock broke on purpose. */
export type Tone = 'neutral' | 'ok' | 'warn' | 'bad' | 'info' | 'fault' | 'accent';

export interface PanelProps {
  title?: ReactNode;
  hint?: ReactNode;
  /** Buttons at the right of the header. */
  actions?: ReactNode;
  /** No padding: for tables and charts. */
  flush?: boolean;
  className?: string;
  children: ReactNode;
}

export function Panel({ title, hint, actions, flush, className, children }: PanelProps) {
  return (
    <section className={`dd-panel ${className ?? ''}`} data-flush={flush || undefined}>
      {(title || actions) && (
        <header>
          <h2 className="truncate">
            {title}
            {hint && <span className="dd-panel-hint">{hint}</span>}
          </h2>
          {actions}
        </header>
      )}
      <div className="dd-panel-body">{children}</div>
    </section>
  );
}

/** The bar at the top of a screen: title, then whatever the screen needs. */
export function Toolbar({ title, children }: { title?: string; children?: ReactNode }) {
  return (
    <div className="dd-toolbar">
      {title && <h1>{title}</h1>}
      {children}
    </div>
  );
}

/** A state in a glyph and a word, never in colour alone: give `icon` or start the text with a glyph. */
export function Badge({
  tone = 'neutral',
  icon,
  title,
  children,
}: {
  tone?: Tone;
  icon?: ReactNode;
  title?: string;
  children: ReactNode;
}) {
  return (
    <span className={`dd-badge tone-${tone}`} title={title}>
      {icon}
      {children}
    </span>
  );
}

const shapes: Record<Tone, 'dot' | 'ring' | 'square' | 'diamond'> = {
  ok: 'dot',
  neutral: 'ring',
  info: 'ring',
  accent: 'dot',
  warn: 'diamond',
  bad: 'square',
  fault: 'diamond',
};

/** A mark whose shape differs per tone, followed by the word. */
export function StatusDot({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={`dd-dot tone-${tone}`} data-shape={shapes[tone]}>
      <i aria-hidden="true" />
      {children}
    </span>
  );
}

export interface TabItem<T extends string> {
  id: T;
  label: string;
  count?: number;
  disabled?: boolean;
}

/** Tabs over one panel; `children` is the content of the active tab. */
export function Tabs<T extends string>({
  tabs,
  value,
  onChange,
  label,
  children,
  className,
}: {
  tabs: readonly TabItem<T>[];
  value: T;
  onChange: (value: T) => void;
  label: string;
  children: ReactNode;
  className?: string;
}) {
  return (
    <BaseTabs.Root className={`dd-tabs ${className ?? ''}`} value={value} onValueChange={(next) => onChange(next as T)}>
      <BaseTabs.List className="dd-tablist" aria-label={label} activateOnFocus>
        {tabs.map((tab) => (
          <BaseTabs.Tab key={tab.id} className="dd-tab" value={tab.id} disabled={tab.disabled}>
            {tab.label}
            {tab.count !== undefined && <span className="dd-tab-count">{formatCount(tab.count)}</span>}
          </BaseTabs.Tab>
        ))}
      </BaseTabs.List>
      <BaseTabs.Panel key={value} className="dd-tabpanel" value={value}>
        {children}
      </BaseTabs.Panel>
    </BaseTabs.Root>
  );
}

export interface StateProps {
  icon?: LucideIcon;
  title: string;
  children?: ReactNode;
  /** Buttons: an empty state always offers a way forward. */
  actions?: ReactNode;
}

export function EmptyState({ icon: Icon, title, children, actions }: StateProps) {
  return (
    <div className="dd-state" data-testid="empty-state">
      {Icon && (
        <div className="dd-state-icon">
          <Icon size={20} strokeWidth={1.75} aria-hidden="true" />
        </div>
      )}
      <h2>{title}</h2>
      {children && <div className="dd-state-text">{children}</div>}
      {actions && <div className="dd-state-actions">{actions}</div>}
    </div>
  );
}

export function ErrorState({ title, message, onRetry }: { title: string; message: string; onRetry?: () => void }) {
  return (
    <div className="dd-state tone-bad" role="alert" data-testid="error-state">
      <div className="dd-state-icon">
        <CircleAlert size={20} strokeWidth={1.75} aria-hidden="true" />
      </div>
      <h2>{title}</h2>
      <div className="dd-state-text">{message}</div>
      {onRetry && (
        <div className="dd-state-actions">
          <Button onClick={onRetry}>Try again</Button>
        </div>
      )}
    </div>
  );
}

/** Grey bars in the shape of what is coming. */
export function Skeleton({ lines = 4, height = 14 }: { lines?: number; height?: number }) {
  return (
    <div className="col" role="status" aria-label="Loading" style={{ padding: 16, gap: 10 }}>
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the bars have no identity.
        <div key={line} className="dd-skeleton" style={{ height, width: `${92 - ((line * 23) % 48)}%` }} />
      ))}
    </div>
  );
}

/** One number with its name. `unit` is set small behind it. */
export function Stat({ label, value, unit, tone }: { label: string; value: ReactNode; unit?: string; tone?: Tone }) {
  return (
    <dl className={`dd-stat ${tone ? `tone-${tone}` : ''}`}>
      <dt>{label}</dt>
      <dd className={tone ? 'tone-text' : ''}>
        {value}
        {unit && <small>{unit}</small>}
      </dd>
    </dl>
  );
}

/** Names and values in two columns; rows with an undefined value are left out. */
export function Facts({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="dd-facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== null && value !== '')
        .map(([name, value]) => [<dt key={name}>{name}</dt>, <dd key={`${name}=`}>{value}</dd>])}
    </dl>
  );
}

const noticeIcons: Partial<Record<Tone, LucideIcon>> = { ok: CircleCheck, warn: TriangleAlert, bad: CircleAlert };

/** One or two sentences inside a screen: a lint, an explanation, a consequence. */
export function Notice({ tone = 'info', children }: { tone?: Tone; children: ReactNode }) {
  const Icon = noticeIcons[tone] ?? Info;
  return (
    <div className={`dd-notice tone-${tone}`}>
      <Icon size={14} aria-hidden="true" />
      <div className="grow">{children}</div>
    </div>
  );
}
