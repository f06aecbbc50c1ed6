using System.Globalization;
using System.Text;

namespace Policies;

/// <summary>A histogram for each policy, one below the other on one logarithmic axis, as SVG that follows the reader's light or dark mode.</summary>
internal static class Picture
{
    private const int Left = 180;
    private const int Right = 150;
    private const int AxisWidth = 560;
    private const int Top = 46;
    private const int Height = 54;
    private const int Gap = 16;
    private const int Width = Left + AxisWidth + Right;

    public static string Draw(IReadOnlyList<Row> rows)
    {
        var bottom = Top + (rows.Count * (Height + Gap));
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $$"""
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {{Width}} {{bottom + 44}}" width="{{Width}}" height="{{bottom + 44}}" role="img" aria-label="Latency histograms by policy">
            <style>
            text { font: 12px system-ui, sans-serif; fill: #1f2328; } .small { font-size: 11px; fill: #59636e; } .name { font-weight: 600; }
            .ground { fill: #ffffff; } .grid { stroke: #d1d9e0; } .others { fill: #2f7ed8; } .slow { fill: #d9480f; } .mark { stroke: #1f2328; stroke-dasharray: 3 2; }
            @media (prefers-color-scheme: dark) { text { fill: #f0f6fc; } .small { fill: #9198a1; } .ground { fill: #0d1117; } .grid { stroke: #3d444d; } .others { fill: #58a6ff; } .slow { fill: #ff8a4c; } .mark { stroke: #f0f6fc; } }
            </style>
            <rect class="ground" width="100%" height="100%"/>
            <rect class="others" x="{{Left}}" y="14" width="12" height="12"/><text x="{{Left + 18}}" y="24">answered by one of the three others</text>
            <rect class="slow" x="{{Left + 270}}" y="14" width="12" height="12"/><text x="{{Left + 288}}" y="24">answered by the slow one</text>

            """);
        foreach (var milliseconds in new[] { 1, 10, 100, 1_000, 10_000 })
        {
            var x = X(milliseconds);
            var label = milliseconds == 1 ? "1 ms or less" : milliseconds < 1_000 ? $"{milliseconds} ms" : $"{milliseconds / 1_000} s";
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{x:0.#}\" y1=\"{Top - 8}\" x2=\"{x:0.#}\" y2=\"{bottom}\"/><text class=\"small\" x=\"{x:0.#}\" y=\"{bottom + 18}\" text-anchor=\"middle\">{label}</text>\n");
        }

        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"small\" x=\"{Left + (AxisWidth / 2)}\" y=\"{bottom + 36}\" text-anchor=\"middle\">latency seen by clients, logarithmic; dashed: 99th percentile</text>\n");
        for (var index = 0; index < rows.Count; index++)
        {
            AppendRow(svg, rows[index], Top + (index * (Height + Gap)) + Height);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void AppendRow(StringBuilder svg, Row row, int ground)
    {
        var histogram = new Histogram(row.Degraded.Answers);
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"name\" x=\"{Left - 12}\" y=\"{ground - 4}\" text-anchor=\"end\">{row.Policy}</text><line class=\"grid\" x1=\"{Left}\" y1=\"{ground}\" x2=\"{Left + AxisWidth}\" y2=\"{ground}\"/>\n");
        const double BarWidth = AxisWidth / (double)Histogram.Classes;
        for (var index = 0; index < Histogram.Classes; index++)
        {
            var others = histogram.Others[index] / histogram.Tallest * Height;
            var slow = histogram.Slow[index] / histogram.Tallest * Height;
            var x = Left + (index * BarWidth);
            AppendBar(svg, "others", x, ground - others, others);
            AppendBar(svg, "slow", x, ground - others - slow, slow);
        }

        var (median, high) = (row.Degraded.Percentile(0.5), row.Degraded.Percentile(0.99));
        svg.Append(CultureInfo.InvariantCulture, $"<line class=\"mark\" x1=\"{X(high):0.#}\" y1=\"{ground - Height}\" x2=\"{X(high):0.#}\" y2=\"{ground}\"/><text class=\"small\" x=\"{Left + AxisWidth + 12}\" y=\"{ground - 20}\">median {median:N0} ms</text><text class=\"small\" x=\"{Left + AxisWidth + 12}\" y=\"{ground - 4}\">99th {high:N0} ms</text>\n");

        static void AppendBar(StringBuilder svg, string kind, double x, double y, double height)
        {
            if (height > 0)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<rect class=\"{kind}\" x=\"{x:0.##}\" y=\"{y:0.##}\" width=\"{BarWidth - 1:0.##}\" height=\"{height:0.##}\"/>\n");
            }
        }
    }

    private static double X(double milliseconds) => Left + (Math.Min(1, Histogram.Position(milliseconds)) * AxisWidth);
}
