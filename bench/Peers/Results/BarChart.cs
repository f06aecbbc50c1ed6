using System.Globalization;
using System.Xml.Linq;

namespace Peers.Results;

/// <summary>
/// A picture of a scenario: for each figure a bar a contender, as long as its ratio to the best peer, with a whisker
/// from the lowest to the highest round.
/// </summary>
internal static class BarChart
{
    private const int Width = 760;
    private const int Left = 110;
    private const int Right = 90;
    private const int BarHeight = 16;
    private const int RowHeight = 22;
    private const int TitleHeight = 26;
    private const int Top = 64;

    private static readonly XNamespace Svg = "http://www.w3.org/2000/svg";

    private static readonly Dictionary<string, string> Colours = new()
    {
        ["ours"] = "#512bd4",
        ["haproxy"] = "#4c8dd6",
        ["nginx"] = "#3a9d5d",
        ["yarp"] = "#d98032",
    };

    public static XDocument Of(ScenarioReport report)
    {
        var groups = report.Rows.Select(group => (Title: $"{group.Key.Case} {group.Key.Figure}".Trim(), Bars: group.Where(IsDrawn).ToArray()))
            .Where(group => group.Bars.Length > 0).ToArray();
        var longest = groups.SelectMany(group => group.Bars).Select(row => row.RatioToBestPeer!.Max).Append(1).Max();
        var scale = (Width - Left - Right) / longest;
        var shapes = new List<XElement>
        {
            Text(16, 26, $"{report.Scenario.Name}: {report.Scenario.Description}", ("font-size", "15"), ("font-weight", "bold")),
            Text(16, 46, "Ratio to the best peer of the same round: median, and the lowest and highest round. Longer is better; the line is 1.", ("fill", "#555")),
        };
        var y = Top;
        foreach (var (title, bars) in groups)
        {
            shapes.Add(Text(16, y + 15, title, ("font-weight", "bold")));
            y += TitleHeight;
            foreach (var bar in bars)
            {
                shapes.AddRange(Bar(bar, y, scale));
                y += RowHeight;
            }
        }

        shapes.Add(Line(Left + scale, Top, Left + scale, y, ("stroke", "#333"), ("stroke-dasharray", "4 3")));
        var height = Number(y + 16);
        return new(new XElement(
            Svg + "svg",
            new XAttribute("viewBox", $"0 0 {Width} {height}"),
            new XAttribute("width", Width),
            new XAttribute("height", height),
            new XAttribute("font-family", "system-ui, sans-serif"),
            new XAttribute("font-size", "12"),
            Shape("rect", ("width", "100%"), ("height", "100%"), ("fill", "#fff")),
            shapes));
    }

    // Direct has nothing in between and would make all other bars short; the tables have it.
    private static bool IsDrawn(CaseReport row) => row.RatioToBestPeer is not null && Colours.ContainsKey(row.Contender);

    private static IEnumerable<XElement> Bar(CaseReport row, int y, double scale)
    {
        var ratio = row.RatioToBestPeer!;
        var middle = y + (BarHeight / 2.0);
        yield return Text(Left - 8, y + 12, row.Contender, ("text-anchor", "end"));
        yield return Shape("rect", ("x", Number(Left)), ("y", Number(y)), ("width", Number(ratio.Median * scale)), ("height", Number(BarHeight)), ("fill", Colours[row.Contender]));
        yield return Line(Left + (ratio.Min * scale), middle, Left + (ratio.Max * scale), middle, ("stroke", "#111"));
        yield return Text(Left + (Math.Max(ratio.Max, 1) * scale) + 8, y + 12, ratio.Median.ToString("0.00", CultureInfo.InvariantCulture));
    }

    private static XElement Line(double x1, double y1, double x2, double y2, params (string Name, string Value)[] attributes) =>
        Shape("line", [("x1", Number(x1)), ("y1", Number(y1)), ("x2", Number(x2)), ("y2", Number(y2)), .. attributes]);

    private static XElement Text(double x, double y, string text, params (string Name, string Value)[] attributes)
    {
        var element = Shape("text", [("x", Number(x)), ("y", Number(y)), .. attributes]);
        element.Value = text;
        return element;
    }

    private static XElement Shape(string name, params (string Name, string Value)[] attributes) =>
        new(Svg + name, attributes.Select(attribute => new XAttribute(attribute.Name, attribute.Value)));

    private static string Number(double value) => value.ToString("0.#", CultureInfo.InvariantCulture);
}
