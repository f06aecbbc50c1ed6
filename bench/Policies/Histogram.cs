namespace Policies;

/// <summary>Answers by latency, in classes whose borders are equal factors apart.</summary>
internal sealed class Histogram
{
    public const double Lowest = 1;
    public const double Highest = 10_000;
    public const int Classes = 64;

    private readonly double[] _others = new double[Classes];
    private readonly double[] _slow = new double[Classes];

    public Histogram(IReadOnlyList<Answer> answers)
    {
        foreach (var answer in answers)
        {
            (answer.Backend == BackendFleet.Slow ? _slow : _others)[Math.Clamp((int)(Position(answer.Latency.TotalMilliseconds) * Classes), 0, Classes - 1)] += 1.0 / answers.Count;
        }
    }

    /// <summary>Shares of all answers in each class that the slow backend did not give.</summary>
    public IReadOnlyList<double> Others => _others;

    /// <summary>Shares of all answers in each class that the slow backend gave.</summary>
    public IReadOnlyList<double> Slow => _slow;

    /// <summary>The tallest class.</summary>
    public double Tallest => _others.Zip(_slow, (left, right) => left + right).Max();

    /// <summary>Where a latency is on the axis: 0 at <see cref="Lowest"/>, 1 at <see cref="Highest"/>.</summary>
    public static double Position(double milliseconds) => Math.Log(Math.Max(milliseconds, Lowest) / Lowest) / Math.Log(Highest / Lowest);
}
