import { screens } from '../features/index.ts';
import { keyLabels } from '../ui/key-hint.tsx';
import mark from './drydock.svg';
import { hrefTo, useRoute } from './router.ts';

export function Rail() {
  const { screen: current } = useRoute();
  return (
    <nav className="rail" aria-label="Screens">
      <div className="rail-mark">
        <img src={mark} width={22} height={22} alt="" />
        <span>Drydock</span>
      </div>
      {screens.map(({ id, title, icon: Icon, key }) => (
        <a
          key={id}
          href={hrefTo(id)}
          className="rail-item"
          data-testid={`nav-${id}`}
          data-last={key === ',' || undefined}
          aria-current={id === current ? 'page' : undefined}
          aria-keyshortcuts={`Control+${key}`}
        >
          <Icon size={16} strokeWidth={1.75} aria-hidden="true" />
          <span className="rail-label">{title}</span>
          <span className="rail-key" aria-hidden="true">
            {keyLabels(`$mod+${key}`).join(' ')}
          </span>
        </a>
      ))}
    </nav>
  );
}
