import { type ModelShape, type ModelSource, readModelShape, shellQuote } from '@spark-control/core';
import { section } from './script-text.ts';

/** Some quantised models list thousands of layers in it; what is longer is cut, and then read as unknown. */
const CONFIG_BYTES = 256 * 1_024;

/**
 * sh commands that print the `config.json` of the asked model and the size of its tensors, each in a section of its own. To follow
 * those of `weightsSection`, which find the folder. The file is somebody else's: without the byte that begins our own lines.
 *
 * The size is told twice: as the index says, and as the files are. Where weights lie in two formats, vLLM reads the first of these.
 */
export function weightsContent(source: ModelSource | null): string {
  if (source === null) return ':';
  const folder = source.kind === 'local_path' ? shellQuote(source.path) : `"\${spark_snapshot-}"`;
  return `spark_model=${folder}
if [ -n "$spark_model" ] && [ -d "$spark_model" ]; then
  ${section('model_config')}
  head -c ${CONFIG_BYTES} "$spark_model/config.json" 2>/dev/null | tr -d '\\036'
  ${section('model_tensors')}
  for spark_f in "$spark_model/model.safetensors.index.json" "$spark_model"/*.index.json; do
    [ -r "$spark_f" ] || continue
    printf 'index %s\\n' "$(grep -oE '"total_size"[[:space:]]*:[[:space:]]*[0-9]{1,16}' "$spark_f" | head -n 1 | grep -oE '[0-9]+$')"
    break
  done
  for spark_kind in 'model*.safetensors' '*.safetensors' '*.bin' '*.gguf' '*.pt'; do
    set -- "$spark_model"/$spark_kind
    [ -e "$1" ] || continue
    printf 'files %s\\n' "$(du -cbL -- "$@" 2>/dev/null | tail -n 1 | cut -f1)"
    break
  done
fi`;
}

/** What {@link weightsContent} printed. An index that says more than the files hold is that of another precision. */
export function parseWeightsContent(
  config: string | undefined,
  tensors: string | undefined,
): Readonly<{ tensorBytes: number | null; shape: ModelShape | null }> {
  const figure = (name: string): number | null => {
    const found = Number(new RegExp(`^${name} (\\d{1,16})$`, 'm').exec(tensors ?? '')?.[1] ?? 0);
    return found > 0 ? found : null;
  };
  const [index, files] = [figure('index'), figure('files')];
  const isTrue = index !== null && (files === null || (index <= files && index >= files / 2));
  return { tensorBytes: isTrue ? index : files, shape: config === undefined ? null : readModelShape(config) };
}
