export interface EngineOptions {
  home: string;
  /** Config files and folders. */
  paths: readonly string[];
  /** Fixed; omitted = last run's when free, else any. */
  controlPort?: number;
  toxiproxyPort?: number;
  /** Module of the data plane's workers; omitted = ours. */
  dataPlaneEntry?: URL;
  /** The engine has stopped by itself (POST /shutdown). */
  onStopped?: () => void;
}
