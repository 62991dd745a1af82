import { screens } from '../features/index.ts';
import type { Screen } from '../features/screen.tsx';
import { keyLabels } from '../ui/key-hint.tsx';
import mark from './drydock.svg';
import { FirstSteps } from './first-steps-menu.tsx';
import { hrefTo, useRoute } from './router.ts';

const settings = screens.filter(({ key }) => key === ',');

export function Rail() {
  return (
    <nav className="rail" aria-label="Screens">
      <div className="rail-mark">
        <img src={mark} width={22} height={22} alt="" />
        <span>Drydock</span>
      </div>
      {screens
        .filter((screen) => !settings.includes(screen))
        .map((screen) => (
          <RailItem key={screen.id} screen={screen} />
        ))}
      <div className="rail-foot">
        <FirstSteps />
        {settings.map((screen) => (
          <RailItem key={screen.id} screen={screen} />
        ))}
      </div>
    </nav>
  );
}

function RailItem({ screen: { id, title, icon: Icon, key } }: { screen: Screen }) {
  const { screen: current } = useRoute();
  return (
    <a
      href={hrefTo(id)}
      className="rail-item"
      data-testid={`nav-${id}`}
      aria-current={id === current ? 'page' : undefined}
      aria-keyshortcuts={`Control+${key}`}
    >
      <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
      <span className="rail-label">{title}</span>
      <span className="rail-key" aria-hidden="true">
        {keyLabels(`$mod+${key}`).join(' ')}
      </span>
    </a>
  );
}
