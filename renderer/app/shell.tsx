import { Component, lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { useCommandRegistry } from '../commands/registry.ts';
import type { Store } from '../engine/store.ts';
import { useStore } from '../engine/use-engine.ts';
import { screens } from '../features/index.ts';
import { NotFetched, ScreenView } from '../features/screen.tsx';
import { EmptyState, ErrorState, Skeleton } from '../ui/surface.tsx';
import { ConnectionBanner } from './connection-banner.tsx';
import type { Overlay } from './create-app.ts';
import { GlobalBar } from './global-bar.tsx';
import { Rail } from './rail.tsx';
import { useRoute, useRouter } from './router.ts';
import './shell.css';
import { StatusBar } from './status-bar.tsx';

const Palette = lazy(() => import('./palette.tsx'));
const Help = lazy(() => import('./help.tsx'));

export function Shell({ overlay }: { overlay: Store<Overlay> }) {
  const route = useRoute();
  const router = useRouter();
  const shown = useStore(overlay);
  const { context } = useCommandRegistry();
  const screen = screens.find((candidate) => candidate.id === route.screen);

  useEffect(() => {
    if (route.screen === '' && screens[0]) router.navigate(screens[0].id, {}, { replace: true });
  }, [route.screen, router]);
  useEffect(() => {
    document.title = screen ? `${screen.title} · Drydock` : 'Drydock';
  }, [screen]);

  // What had the focus may have gone with the last screen: the keyboard goes on from this one. A fresh page begins at its top.
  const left = useRef('');
  useEffect(() => {
    if (left.current !== '' && document.activeElement === document.body) focusScreen();
    left.current = route.screen;
  }, [route.screen]);

  useEffect(() => preloadWhenIdle(), []);

  const close = () => context.overlay.show(null);
  return (
    <div className="shell">
      <button type="button" className="skip-link" onClick={focusScreen}>
        Skip to the screen
      </button>
      <Rail />
      <div className="shell-column">
        <GlobalBar />
        <ConnectionBanner />
        <main className="shell-main" id="main" tabIndex={-1}>
          {screen ? (
            <ScreenBoundary key={screen.id} title={screen.title} onRetry={() => screen.component.renew()}>
              <Suspense fallback={<Skeleton lines={8} height={18} />}>
                <ScreenView component={screen.component} />
              </Suspense>
            </ScreenBoundary>
          ) : (
            route.screen !== '' && (
              <EmptyState title="There is no such screen">
                <span className="mono">#/{route.screen}</span> leads nowhere. Choose one on the left.
              </EmptyState>
            )
          )}
        </main>
      </div>
      <StatusBar />
      <Suspense>
        {shown === 'palette' && <Palette onClose={close} />}
        {shown === 'help' && <Help onClose={close} />}
      </Suspense>
    </div>
  );
}

function focusScreen(): void {
  document.getElementById('main')?.focus();
}

/** A screen that breaks says so in its own place; the rest of the app goes on. */
class ScreenBoundary extends Component<{ title: string; onRetry: () => void; children: ReactNode }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <ErrorState
        title={this.state.error instanceof NotFetched ? `${this.props.title} is not here yet` : `${this.props.title} has broken`}
        message={this.state.error.message}
        onRetry={() => {
          this.props.onRetry();
          this.setState({ error: null });
        }}
      />
    );
  }
}

/** The other screens' code, one after another while the page has nothing to do, so that each opens at once. Returns what stops it. */
function preloadWhenIdle(): () => void {
  const waiting = [...screens];
  let stopped = false;
  const next = () => {
    const screen = waiting.shift();
    if (stopped || !screen) return;
    // What cannot be fetched now is fetched, and told of, when it is opened.
    void screen.component.preload().then(schedule, schedule);
  };
  const schedule = () => requestIdleCallback(next, { timeout: 2000 });
  schedule();
  return () => {
    stopped = true;
  };
}
