export { createSparkControl, type OwnCluster, type SparkControl, type SparkControlOptions } from './create-spark-control.ts';
export { defaultConfigFolder } from './default-config.ts';
export { createJsonLogger, type LogLevel } from './json-logger.ts';
export { listen, stop, urlOf } from './listen.ts';
export type { SimulationOptions } from './open-site.ts';
export { SortableIds } from './sortable-ids.ts';
export { SystemClock } from './system-clock.ts';
export { VERSION } from './version.ts';
