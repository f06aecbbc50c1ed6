using System.Globalization;

namespace LoadGenerator.Output;

/// <summary>Prints what a step does and finds, a line at a time, and keeps its figures.</summary>
internal sealed class StepReport(Action<string> write)
{
    private const int Widest = 40;

    private readonly List<Figure> _figures = [];

    public IReadOnlyList<Figure> Figures => _figures;

    public List<string> Killed { get; } = [];

    public void Line(string text = "") => write(text.Length == 0 ? "" : $"  {text}");

    /// <summary>A bar for each value; the longest is the greatest.</summary>
    public void Bars(string what, IEnumerable<KeyValuePair<string, int>> values)
    {
        var rows = values.ToArray();
        var label = rows.Max(row => row.Key.Length);
        var greatest = Math.Max(1, rows.Max(row => row.Value));
        Line(what);
        foreach (var (name, value) in rows)
        {
            // What is there is seen, however small.
            var length = value == 0 ? 0 : Math.Max(1, (int)Math.Round((double)value * Math.Min(greatest, Widest) / greatest));
            Line($"  {name.PadRight(label)}  {value,4}  {new string('█', length)}".TrimEnd());
        }
    }

    public void Table(params string[][] rows)
    {
        var widths = Enumerable.Range(0, rows[0].Length).Select(column => rows.Max(row => row[column].Length)).ToArray();
        foreach (var row in rows)
        {
            Line($"  {string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column])))}".TrimEnd());
        }
    }

    public void Expect(string name, double value, double exactly) => Expect(name, value, exactly, exactly);

    /// <summary>A number that the claim depends on.</summary>
    public void Expect(string name, double value, double lowest, double? highest) => Add(new(name, value, lowest, highest));

    public void Add(Figure figure)
    {
        _figures.Add(figure);
        var expected = figure.Highest is not { } highest ? $"at least {Text(figure.Lowest)}"
            : figure.Lowest.Equals(highest) ? Text(highest)
            : $"{Text(figure.Lowest)} to {Text(highest)}";
        Line(figure.Holds ? $"✓ {figure.Name}: {Text(figure.Value)}" : $"✗ {figure.Name}: {Text(figure.Value)}, expected {expected}");
    }

    private static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
