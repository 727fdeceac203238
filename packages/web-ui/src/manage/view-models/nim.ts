import type { AppState } from '../../state.ts';
import type { NimImage, NimInstall, Problem } from '../../wire.ts';
import type { ManageState } from '../state.ts';

export type NimDialogView = Readonly<{
  images: readonly NimImage[];
  loading: boolean;
  problem: Problem | null;
  hosts: readonly Readonly<{ key: string; name: string }>[];
  request: AppState['request'];
}>;

export function nimDialogView(state: AppState, { nimImages }: ManageState): NimDialogView {
  return {
    images: nimImages.value ?? [],
    loading: nimImages.value === null && nimImages.problem === null,
    problem: nimImages.problem,
    hosts: (state.status?.hosts ?? []).map(({ key, name }) => ({ key, name })),
    request: state.request,
  };
}

/** The form as it was filled in; what is empty is left to the server. */
export type NimForm = Readonly<{
  /** Of a known image, `''`: another one. */
  repository: string;
  registry: string;
  tag: string;
  /** Another image, whole. */
  image: string;
  host: string;
  port: number | null;
  apiKey: string;
  replace: boolean;
  /** Key of the service that it becomes, `''`: none. */
  service: string;
}>;

export function nimBody(form: NimForm, images: readonly NimImage[]): NimInstall {
  const { repository, registry, tag, host, port, apiKey, replace, service } = form;
  const known = images.find((one) => one.repository === repository);
  const image = repository === '' ? form.image : `${registry.replace(/\/+$/, '')}/${repository}:${tag === '' ? 'latest' : tag}`;
  return {
    image,
    ...(host !== '' && { host }),
    ...(port !== null && { port }),
    ...(apiKey !== '' && { ngc_api_key: apiKey }),
    ...(replace && { replace }),
    ...(service !== '' && { register_service: { key: service, ...(known !== undefined && { kind: known.kind }) } }),
  };
}

/** What a known image is, in a sentence or two. */
export const nimNote = ({ note, disk_gib_min: least, disk_gib_max: most, architectures }: NimImage): string =>
  `${note} It takes ${least} to ${most} GiB of disk. Made for ${architectures.join(' and ')}.`;
