using LoadGenerator.Output;

namespace LoadGenerator;

/// <summary>Shows one claim about the two layers by running it.</summary>
internal interface IStep
{
    /// <summary>One of <see cref="TourSteps"/>.</summary>
    string Name { get; }

    /// <summary>What is claimed; a sentence for each line.</summary>
    IReadOnlyList<string> Claim { get; }

    /// <summary>Runs it. What it changes at the balancers it changes back.</summary>
    /// <exception cref="TourException">It cannot go on.</exception>
    /// <exception cref="SkipException">This machine cannot run it.</exception>
    Task RunAsync(Balancers balancers, StepReport report, CancellationToken cancellation);
}
