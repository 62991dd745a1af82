import type { LucideIcon } from 'lucide-react';
import { type ComponentType, lazy, useState } from 'react';

export interface Screen {
  /** First part of its URLs: `#/requests`. */
  id: string;
  title: string;
  icon: LucideIcon;
  /** `0` … `9` (⌘0 …) or `,` for settings. */
  key: string;
  /** A letter after `g`: `g r` goes to Requests from anywhere, as the ⌘ digits do where the browser keeps those to itself. */
  jump?: string;
  component: LazyScreen;
}

/** A screen whose code comes when it is wanted. */
export interface LazyScreen {
  /** Fetches the code; afterwards the screen opens at once. */
  preload(): Promise<void>;
  /** The screen itself once its code is there, else a React.lazy of it. */
  best(): ComponentType;
  /** Where the code did not come: the next best() asks for it again. A React.lazy that failed fails for ever. */
  renew(): void;
}

/** The screen's code did not come: in a browser it comes from the engine. */
export class NotFetched extends Error {
  override name = 'NotFetched';
  constructor(cause: unknown) {
    super('Its code comes from the engine, which does not answer.', { cause });
  }
}

export function lazyScreen(load: () => Promise<{ default: ComponentType }>): LazyScreen {
  let loaded: ComponentType | null = null;
  const fetch = async () => {
    try {
      const module = await load();
      loaded = module.default;
      return module;
    } catch (error) {
      throw new NotFetched(error);
    }
  };
  let later = lazy(fetch);
  return {
    preload: async () => {
      await fetch();
    },
    best: () => loaded ?? later,
    renew: () => {
      later = lazy(fetch);
    },
  };
}

/**
 * React.lazy alone shows its fallback for 300 ms at least (Suspense holds back what follows a fallback), also when the code is there already:
 * a preloaded screen is rendered without it.
 */
export function ScreenView({ component }: { component: LazyScreen }) {
  // Chosen once: a change would be another component, and lose what the screen holds.
  const [Chosen] = useState<ComponentType>(() => component.best());
  return <Chosen />;
}
