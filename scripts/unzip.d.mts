export function unzip(zipFile: string, target: string, rename: (name: string) => string | null): Promise<number>;
