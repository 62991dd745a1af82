export function bootstrap(needs?: { desktop?: boolean; tests?: boolean }): Promise<{ desktopReady: boolean }>;
export function letGoOfLink(folder: string): void;
