import { CircleAlert, CircleCheck, Info, X } from 'lucide-react';
import { createContext, useContext, useSyncExternalStore } from 'react';
import { Button, IconButton } from './button.tsx';
import './popup.css';

export interface Toast {
  id: number;
  tone: 'ok' | 'bad' | 'info';
  title: string;
  detail?: string;
  /** A button in it; it goes with the press. */
  action?: { label: string; run: () => void };
}

/** Short answers to what the user just did. Errors stay until closed, the rest leaves after five seconds. */
export class ToastStore {
  #toasts: readonly Toast[] = [];
  #next = 1;
  readonly #listeners = new Set<() => void>();

  show(toast: Omit<Toast, 'id'>): void {
    const id = this.#next++;
    this.#set([...this.#toasts.slice(-3), { ...toast, id }]);
    // Who may want to undo something needs a moment to notice.
    if (toast.tone !== 'bad') setTimeout(() => this.dismiss(id), toast.action ? 12_000 : 5000);
  }
  ok(title: string, detail?: string): void {
    this.show({ tone: 'ok', title, detail });
  }
  /** `error` may be anything thrown. */
  error(title: string, error?: unknown): void {
    this.show({
      tone: 'bad',
      title,
      detail: error instanceof Error ? error.message : error === undefined ? undefined : String(error),
    });
  }
  dismiss(id: number): void {
    this.#set(this.#toasts.filter((toast) => toast.id !== id));
  }
  get = (): readonly Toast[] => this.#toasts;
  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  #set(toasts: readonly Toast[]): void {
    this.#toasts = toasts;
    for (const listener of this.#listeners) listener();
  }
}

export const ToastContext = createContext<ToastStore | null>(null);

export function useToasts(): ToastStore {
  const store = useContext(ToastContext);
  if (!store) throw new Error('useToasts outside ToastContext');
  return store;
}

const icons = { ok: CircleCheck, bad: CircleAlert, info: Info };

export function Toasts() {
  const store = useToasts();
  const toasts = useSyncExternalStore(store.subscribe, store.get);
  return (
    <section className="dd-toasts" role="log" aria-live="polite" aria-label="Messages">
      {toasts.map((toast) => {
        const Icon = icons[toast.tone];
        return (
          <div key={toast.id} className={`dd-toast tone-${toast.tone}`} data-testid="toast">
            <Icon size={16} aria-hidden="true" />
            <div className="dd-toast-text">
              <div className="dd-toast-title">{toast.title}</div>
              {toast.detail && <div className="dd-toast-detail">{toast.detail}</div>}
            </div>
            {toast.action && (
              <Button
                size="small"
                onClick={() => {
                  toast.action?.run();
                  store.dismiss(toast.id);
                }}
              >
                {toast.action.label}
              </Button>
            )}
            <IconButton label="Dismiss" size="small" icon={<X size={14} />} onClick={() => store.dismiss(toast.id)} />
          </div>
        );
      })}
    </section>
  );
}
