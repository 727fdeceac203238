import { act } from '../../actions.ts';
import { type Child, h } from '../../dom.ts';
import { ScElement } from '../../elements/element.ts';
import { button, failedPart, markPart, tablePart, waitPart } from '../../elements/parts.ts';
import type { ManageDialog } from '../state.ts';
import type { CollectionRow, SnapshotRow, VectorsView } from '../view-models/vectors.ts';

/** What a vector store holds, and the copies of it. */
export class ScVectors extends ScElement<VectorsView> {
  protected draw(view: VectorsView): readonly Child[] {
    const { problem, isLoaded } = view;
    if (problem !== null) return [failedPart(problem)];
    if (!isLoaded) return [waitPart()];
    return [this.#collections(view), this.#snapshots(view)];
  }

  #collections({ collections }: VectorsView): HTMLElement {
    return h(
      'section',
      { class: 'block', 'aria-label': 'Collections' },
      h('h2', null, 'Collections'),
      collections.length === 0
        ? h('p', { class: 'muted' }, 'It holds no collection.')
        : tablePart(
            'collections',
            'Collections',
            [
              ['Collection', ''],
              ['State', ''],
              ['Points', 'num'],
              ['Vectors', 'col-mid'],
            ],
            collections.map(collectionRowPart),
          ),
    );
  }

  #snapshots({ service, snapshots }: VectorsView): HTMLElement {
    return h(
      'section',
      { class: 'block', 'aria-label': 'Snapshots' },
      h(
        'div',
        { class: 'screen-head' },
        h('h2', null, 'Snapshots'),
        h(
          'div',
          { class: 'actions push' },
          button('Restore the whole storage…', () => this.#guide(service), { class: 'quiet' }),
          button('Take snapshots…', () => this.#open({ kind: 'take_snapshot', service }), { class: 'primary' }),
        ),
      ),
      snapshots.length === 0
        ? h('p', { class: 'muted' }, 'None yet. An automation can take them every night.')
        : tablePart(
            'snapshots',
            'Snapshots, newest first',
            [
              ['Of', ''],
              ['Taken', 'num col-when'],
              ['Size', 'num col-mid'],
              ['.Actions', 'col-action'],
            ],
            snapshots.map((row) => this.#snapshot(service, row)),
          ),
    );
  }

  #snapshot(service: string, { collection, name, what, size, when, isEmpty }: SnapshotRow): HTMLElement {
    return h(
      'tr',
      { key: `${collection ?? ''}/${name}` },
      h(
        'th',
        { scope: 'row' },
        what,
        h('code', { class: 'muted small measured' }, name),
        h('span', { class: 'model-narrow muted small' }, `${when} · ${size}`),
      ),
      h('td', { class: 'num col-when muted' }, when),
      h('td', { class: 'num col-mid' }, size),
      h(
        'td',
        { class: 'col-action' },
        collection !== null &&
          !isEmpty &&
          button('Restore…', () => this.#open({ kind: 'restore_collection', service, collection, name }), {
            class: 'quiet',
            'aria-label': `Restore… ${collection} from ${name}`,
          }),
        button('Delete…', () => this.#open({ kind: 'delete_snapshot', service, collection, name }), {
          class: 'quiet',
          'aria-label': `Delete… ${name}`,
        }),
      ),
    );
  }

  #guide(service: string): void {
    this.#open({ kind: 'restore_guide', service });
    act(this, { kind: 'manage', action: { kind: 'read_restore_guide', service } });
  }

  #open(open: ManageDialog): void {
    act(this, { kind: 'open_dialog', dialog: { kind: 'manage', open } });
  }
}

const collectionRowPart = ({ name, mark, points, size }: CollectionRow): HTMLElement =>
  h(
    'tr',
    { key: name },
    h('th', { scope: 'row' }, name),
    h('td', null, markPart(mark)),
    h('td', { class: 'num' }, points),
    h('td', { class: 'col-mid muted' }, size),
  );
