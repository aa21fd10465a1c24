import * as Plot from "npm:@observablehq/plot@0.6.17";
import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { chartFrame, lossAxis } from "../figure/loss_axis.ts";
import { namedPoints } from "../figure/named_points.ts";
import { formatNumber } from "../figure/text.ts";
import { circumstances, type DrawnTopology, lossType, summaryOf, titleOf } from "./drawn.ts";

/** The merge tree: minima as leaves, joined at the heights of their saddles. */
export function drawTree(topology: DrawnTopology, { theme, plot }: DrawOptions): Drawing {
  const { tree, count, basins } = topology;
  const losses = tree.map(({ loss }) => loss);
  const { title, y, shown } = lossAxis(losses, { type: lossType(losses, plot) });
  const place = placesOf(tree);
  const branches = tree.flatMap(({ children, loss }, k) =>
    children.map((child) => ({
      points: [[place[child], tree[child].loss], [place[child], loss], [place[k], loss]],
    }))
  );
  const lines = branches.flatMap(({ points }, z) =>
    points.map(([x, loss]) => ({ x, y: shown(loss), z }))
  );
  const { margins } = chartFrame();
  const at = (kind: string) =>
    tree.flatMap((node, k) => node.kind === kind ? [{ x: place[k], y: shown(node.loss) }] : []);
  const minima = tree.flatMap(({ basin, loss }, k) =>
    basin === undefined ? [] : [{
      x: place[k],
      y: shown(loss),
      text: count > 12 ? `${basin + 1}` : `${basin + 1} · ${formatNumber(loss)}`,
      below: true,
    }]
  );
  const few = basins.length > count && count > 1 ? ["the tree of the basins that count"] : [];
  const marks = [
    Plot.line(lines, { x: "x", y: "y", z: "z", stroke: theme.series[0], strokeWidth: 2 }),
    Plot.dot(at("saddle"), {
      x: "x",
      y: "y",
      r: 4.2,
      fill: theme.paper,
      stroke: theme.accent,
      strokeWidth: 2,
    }),
    Plot.dot(at("top"), { x: "x", y: "y", r: 3, fill: theme.quiet }),
    namedPoints(minima, { theme }),
  ];
  return {
    title: titleOf(topology),
    subtitle: [...circumstances(topology), ...few].join(" · "),
    summary: summaryOf(topology),
    key: [
      { label: "minimum", swatch: "dot", color: theme.accent },
      ...(count > 1 ? [{ label: "saddle", swatch: "ring", color: theme.accent } as const] : []),
      { label: "highest point", swatch: "dot", color: theme.quiet },
    ],
    panels: [{
      title,
      plot: {
        ...margins,
        marginBottom: 16,
        insetBottom: 30,
        insetTop: 8,
        insetLeft: 30,
        insetRight: 30,
        height: 320,
        x: { axis: null },
        y,
        marks,
      },
    }],
    marks,
  };
}

/** Where each node stands: leaves side by side, the deepest side of a branch first, others in their middle. */
function placesOf(tree: DrawnTopology["tree"]): Float64Array {
  const place = new Float64Array(tree.length);
  let next = 0;
  const visit = (k: number): number => {
    const { children, kind } = tree[k];
    if (kind === "minimum") return place[k] = next++;
    const places = children.map(visit);
    return place[k] = (Math.min(...places) + Math.max(...places)) / 2;
  };
  tree.forEach(({ kind }, k) => kind === "top" && visit(k));
  return place;
}
