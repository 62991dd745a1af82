// The design system. Charts are imported from ui/charts/ directly: they are heavy and belong into a screen's own chunk.
export * from './button.tsx';
export * from './code.tsx';
export * from './copy-button.tsx';
export * from './dialog.tsx';
export * from './edge-words.tsx';
export * from './field.tsx';
export * from './file-button.tsx';
export * from './format.ts';
export * from './key-hint.tsx';
export * from './list.tsx';
export * from './long-code.tsx';
export * from './menu.tsx';
export * from './surface.tsx';
export * from './table.tsx';
export * from './toast.tsx';
export * from './tooltip.tsx';
