import type { PlotPanel } from "./drawing.ts";
import { chartFrame } from "./loss_axis.ts";

/** The panel below a line chart of losses: shares of samples that are classified correctly, in per cent. */
export function accuracyPanel(
  { height, x, marks }: { height: number } & Pick<PlotPanel["plot"], "x" | "marks">,
): PlotPanel {
  return {
    title: "accuracy",
    plot: {
      ...chartFrame().margins,
      marginBottom: 42,
      height,
      x,
      y: {
        grid: true,
        tickSize: 0,
        ticks: 4,
        percent: true,
        label: null,
        tickFormat: (v: number) => `${v}%`,
      },
      marks,
    },
  };
}
