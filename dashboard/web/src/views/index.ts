/** The views: path, name, sign. */
import type { ComponentType } from "preact";
import type { IconName } from "../ui/icons";
import { AlertsView } from "./alerts";
import { ChartView } from "./chart";
import { CoinsView } from "./coins";
import { GaugeView } from "./gauge";
import { HealthView } from "./health";
import { MovesView } from "./moves";
import { PortfolioView } from "./portfolio";
import { PostsView } from "./posts";
import { StatisticsView } from "./statistics";
import { WakesView } from "./wakes";

export interface View {
  path: string;
  name: string;
  icon: IconName;
  show: ComponentType;
}

export const VIEWS: View[] = [
  { path: "/", name: "Chart", icon: "chart", show: ChartView },
  { path: "/posts", name: "Posts", icon: "posts", show: PostsView },
  { path: "/moves", name: "Moves", icon: "moves", show: MovesView },
  { path: "/wakes", name: "Wakes", icon: "wakes", show: WakesView },
  { path: "/gauge", name: "Gauge", icon: "gauge", show: GaugeView },
  { path: "/statistics", name: "Statistics", icon: "statistics", show: StatisticsView },
  { path: "/portfolio", name: "Portfolio", icon: "portfolio", show: PortfolioView },
  { path: "/coins", name: "Coins", icon: "coins", show: CoinsView },
  { path: "/alerts", name: "Alerts", icon: "alerts", show: AlertsView },
  { path: "/health", name: "Health", icon: "health", show: HealthView },
];
