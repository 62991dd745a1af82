import type { LucideIcon } from 'lucide-react';
import type { ComponentType, LazyExoticComponent } from 'react';

export interface Screen {
  /** First part of its URLs: `#/requests`. */
  id: string;
  title: string;
  icon: LucideIcon;
  /** `1` … `9` (⌘1 …) or `,` for settings. */
  key: string;
  /** A letter after `g`: `g r` goes to Requests from anywhere, as the ⌘ digits do where the browser keeps those to itself. */
  jump?: string;
  component: LazyExoticComponent<ComponentType>;
}
