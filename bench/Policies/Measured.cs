namespace Policies;

/// <summary>The answers of one run.</summary>
internal sealed class Measured
{
    private readonly double[] _milliseconds;

    public Measured(IReadOnlyList<Answer> answers)
    {
        Answers = answers;
        _milliseconds = [.. answers.Select(answer => answer.Latency.TotalMilliseconds).Order()];
    }

    public IReadOnlyList<Answer> Answers { get; }

    public int Failed => Answers.Count(answer => answer.Status != 200);

    /// <summary>Share of the answers that the second backend gave, 0 to 1.</summary>
    public double SlowShare => Answers.Count(answer => answer.Backend == BackendFleet.Slow) / (double)Answers.Count;

    /// <summary>The latency that this share of the answers did not exceed (nearest rank).</summary>
    /// <param name="share">0 to 1.</param>
    /// <returns>Milliseconds.</returns>
    public double Percentile(double share) => _milliseconds[Math.Max(0, (int)Math.Ceiling(share * _milliseconds.Length) - 1)];
}
