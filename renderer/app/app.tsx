import { CSPProvider } from '@base-ui/react/csp-provider';
import { CommandsContext } from '../commands/registry.ts';
import { EngineContext } from '../engine/use-engine.ts';
import { ToastContext, Toasts } from '../ui/toast.tsx';
import { TipProvider } from '../ui/tooltip.tsx';
import type { AppParts } from './create-app.ts';
import { PreferencesContext } from './preferences.ts';
import { RouterContext } from './router.ts';
import { Shell } from './shell.tsx';

export function App({ parts }: { parts: AppParts }) {
  return (
    <CSPProvider disableStyleElements>
      <EngineContext value={parts.engine}>
        <RouterContext value={parts.router}>
          <PreferencesContext value={parts.preferences}>
            <ToastContext value={parts.toasts}>
              <CommandsContext value={parts.commands}>
                <TipProvider>
                  <Shell overlay={parts.overlay} />
                  <Toasts />
                </TipProvider>
              </CommandsContext>
            </ToastContext>
          </PreferencesContext>
        </RouterContext>
      </EngineContext>
    </CSPProvider>
  );
}
