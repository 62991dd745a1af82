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
}

export function lazyScreen(load: () => Promise<{ default: ComponentType }>): LazyScreen {
  let loaded: ComponentType | null = null;
  const fetch = async () => {
    const module = await load();
    loaded = module.default;
    return module;
  };
  const later = lazy(fetch);
  return {
    preload: async () => {
      await fetch();
    },
    best: () => loaded ?? later,
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
