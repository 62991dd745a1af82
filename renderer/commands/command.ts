import type { LucideIcon } from 'lucide-react';
import type { PreferencesStore } from '../app/preferences.ts';
import type { Router } from '../app/router.ts';
import type { Engine } from '../engine/engine.ts';
import type { ToastStore } from '../ui/toast.tsx';

/** What a command may act on. */
export interface CommandContext {
  engine: Engine;
  router: Router;
  preferences: PreferencesStore;
  toasts: ToastStore;
  /** Opens and closes the palette and the help. */
  overlay: { show(what: 'palette' | 'help' | null): void; shown(): 'palette' | 'help' | null };
}

/** One action of the app: the palette, its keys, and any button for it come from this one object. */
export interface Command {
  id: string;
  title: string;
  /** Heading in the palette and in the help. */
  group: 'Go to' | 'View' | 'Mesh' | 'This screen' | 'App';
  icon?: LucideIcon;
  /** tinykeys syntax: `$mod+k`, `Shift+?`, `g t`. Single letters do not fire while typing into a field. */
  keys?: string;
  /** A second way to type it. */
  alsoKeys?: string;
  /** Also fires while typing into a field (only for chords with $mod, and Escape). */
  whileTyping?: boolean;
  /** Further words to find it by. */
  keywords?: string;
  /** Offered only when true; default always. */
  when?: (context: CommandContext) => boolean;
  run: (context: CommandContext) => void | Promise<void>;
}
