import type { LucideIcon } from 'lucide-react';
import type { ComponentType, LazyExoticComponent } from 'react';

export interface Screen {
  /** First part of its URLs: `#/requests`. */
  id: string;
  title: string;
  icon: LucideIcon;
  /** `1` … `9` (⌘1 …) or `,` for settings. */
  key: string;
  component: LazyExoticComponent<ComponentType>;
}
